"""What videos look like: which of them look alike, and which seconds of them."""
