"""Looks at the built page as people and machines do: pictures for the documentation, and Lighthouse's verdict."""
