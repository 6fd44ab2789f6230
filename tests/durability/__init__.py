"""What an acknowledgement is worth when the server is killed a moment later."""
