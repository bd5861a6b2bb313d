"""For polyfill authors: a pytest plugin with replayed fixtures, message playbooks and conformance checks."""
