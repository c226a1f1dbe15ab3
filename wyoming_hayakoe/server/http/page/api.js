// Requests to this server. Every failure is a Failure, whose status is 0 where the server does not answer.

export class Failure extends Error {
  constructor(status, detail = "") {
    super(detail);
    this.status = status;
  }
}

/** Send a request and return its response; addresses are relative, so that the page works behind a proxy's path. */
export async function request(address, { method = "GET", json, signal } = {}) {
  const options = { method, signal };
  if (json !== undefined) {
    options.body = JSON.stringify(json);
    options.headers = { "Content-Type": "application/json" };
  }
  let response;
  try {
    response = await fetch(address, options);
  } catch (error) {
    throw error.name === "AbortError" ? error : new Failure(0);
  }
  if (!response.ok) throw new Failure(response.status, await detailOf(response));
  return response;
}

async function detailOf(response) {
  try {
    const { detail } = await response.json();
    return typeof detail === "string" ? detail : JSON.stringify(detail);
  } catch {
    return response.statusText;
  }
}

async function json(address, options) {
  const response = await request(address, options);
  try {
    return await response.json();
  } catch (error) {
    throw error.name === "AbortError" ? error : new Failure(0);
  }
}

const wordQuery = ({ surface, pronunciation, accent }) =>
  new URLSearchParams({ surface, pronunciation, accent_type: accent }).toString();

export const voices = (signal) => json("api/voices", { signal });
export const read = (text, voice, signal) => json("api/read", { method: "POST", json: { text, voice }, signal });
export const morae = async (reading, signal) =>
  (await json("api/morae", { method: "POST", json: { reading }, signal })).morae;
export const speech = (wanted, signal) => request("api/speak", { method: "POST", json: wanted, signal });

/** Return the saved words as [{id, surface, pronunciation, accent}], by surface. */
export async function words() {
  const found = Object.entries(await json("user_dict"));
  return found
    .map(([id, word]) => ({ id, surface: word.surface, pronunciation: word.pronunciation, accent: word.accent_type }))
    .sort((one, other) => one.surface.localeCompare(other.surface, "ja"));
}
export const addWord = (word) => request(`user_dict_word?${wordQuery(word)}`, { method: "POST" });
export const changeWord = (id, word) =>
  request(`user_dict_word/${encodeURIComponent(id)}?${wordQuery(word)}`, { method: "PUT" });
export const removeWord = (id) => request(`user_dict_word/${encodeURIComponent(id)}`, { method: "DELETE" });
