"""What has happened to one participant: commands become events, events become a state."""
