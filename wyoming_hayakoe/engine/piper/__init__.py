"""Piper and piper-plus: small VITS voices with Open JTalk's phones and prosody marks."""
