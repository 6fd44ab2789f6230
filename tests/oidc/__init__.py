"""The provider through its front door: the real application, in process, on both databases."""
