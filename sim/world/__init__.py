"""The nouns: states, people, instruments, cases and requests as named arrays; no policy and no choice lives here."""
