"""The glossary: every mark, symbol, key and term of the views with a small picture, as a page and to print."""
