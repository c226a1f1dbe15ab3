"""How far the pitch of Kokoro's voices follows the word accent, with ours and without."""
