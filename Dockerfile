# wyoming-hayakoe as an image, for amd64 and arm64:  docker build -t wyoming-hayakoe .
#
# With voices in it, so that it speaks at once, also without a network:
#   docker build -t wyoming-hayakoe --build-arg VOICES="tsukuyomi mine=hf://me/voices anna=file:///data/local/anna" \
#     --build-context local=/srv/voices \
#     --secret id=hf_token,src=token.txt --secret id=aws_credentials,src=$HOME/.aws/credentials .
# Secrets are there while voices are fetched, and nowhere in the image.
# Without Kokoro's neural voices, 100 MB smaller:  --build-arg EXTRAS=http
ARG BASE=python:3.13-slim-trixie

# Voices of this machine, as file:///data/local: empty, unless --build-context local=FOLDER puts a folder in its place.
FROM scratch AS local


FROM ${BASE} AS build
WORKDIR /src
# pip stays in a place of its own: where it installs to has none.
RUN python3 -m venv /opt/pip && python3 -m venv --without-pip /opt/wyoming-hayakoe
# What the program needs changes seldom, so it comes first: after a change in the code, only that is installed anew.
COPY pyproject.toml ./
ARG EXTRAS="kokoro http"
RUN python3 -c 'import sys, tomllib; project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
      chosen = [each for extra in sys.argv[1:] for each in project["optional-dependencies"][extra]]; \
      print(*project["dependencies"], *chosen, sep="\n")' ${EXTRAS} > requirements.txt \
    && /opt/pip/bin/pip --python /opt/wyoming-hayakoe install --no-cache-dir --only-binary=:all: -r requirements.txt \
    # The tests of what it needs are of no use here.
    && find /opt/wyoming-hayakoe -type d \( -name test -o -name tests \) -prune -exec rm -r {} +
COPY LICENSE README.md ./
COPY wyoming_hayakoe ./wyoming_hayakoe
RUN /opt/pip/bin/pip --python /opt/wyoming-hayakoe install --no-cache-dir --no-deps .


FROM ${BASE} AS program
# A machine id in the image would be that of every container; empty, one can be mounted over it.
RUN useradd --uid 10200 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin hayakoe \
    && install --directory --owner=hayakoe --group=hayakoe /data \
    && : > /etc/machine-id
COPY --from=build /opt/wyoming-hayakoe /opt/wyoming-hayakoe
ENV PATH=/opt/wyoming-hayakoe/bin:$PATH \
    HAYAKOE_CONFIG=/etc/wyoming-hayakoe.toml \
    HAYAKOE_DATA_DIR=/data


FROM program AS voices
COPY --from=local / /data/local/
ARG VOICES=""
# The configuration names what is baked in, so that it is served without a flag. Layers keep whole seconds of a file's
# time, by which the program knows it again.
RUN --mount=type=secret,id=hf_token --mount=type=secret,id=aws_credentials \
    python3 -c 'import json, sys; print("voice =", json.dumps(sys.argv[1:])) if sys.argv[1:] else None' ${VOICES} \
      > "$HAYAKOE_CONFIG" \
    && if [ -n "${VOICES}" ]; then \
      export HF_TOKEN_PATH=/run/secrets/hf_token AWS_SHARED_CREDENTIALS_FILE=/run/secrets/aws_credentials \
      && wyoming-hayakoe download \
      && find /data -exec touch --no-dereference --date="@$(date +%s)" {} + \
      && wyoming-hayakoe compile --offline; \
    fi


FROM program
LABEL org.opencontainers.image.title="wyoming-hayakoe" \
      org.opencontainers.image.description="Japanese text to speech over the Wyoming protocol" \
      org.opencontainers.image.licenses="MIT"
COPY --from=voices /etc/wyoming-hayakoe.toml /etc/wyoming-hayakoe.toml
COPY --from=voices --chown=hayakoe:hayakoe /data /data
USER hayakoe
VOLUME /data
EXPOSE 10200
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=60s --timeout=10s --start-period=60s \
    CMD ["wyoming-hayakoe", "health", "--uri", "tcp://127.0.0.1:10200"]
ENTRYPOINT ["wyoming-hayakoe"]
