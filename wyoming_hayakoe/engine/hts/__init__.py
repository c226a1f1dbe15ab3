"""HTS voices: any .htsvoice file for Open JTalk's labels, and the built-in Mei."""
