"""What is made from videos: facts, pictures, playable copies, conversions; and the jobs that make them."""
