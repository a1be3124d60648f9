"""The stream over HTTP, and what managers tell everybody."""
