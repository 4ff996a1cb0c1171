"""What Chromium prints of the site: accessible chapters, and handouts of the slides."""
