"""What a VMS may pull: recordings brought into the form that can be replayed, and whose time is taken."""
