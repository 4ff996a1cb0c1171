"""The chapter "What has changed since 2017"."""
