"""The wire format of docs/spec/envelope.md: model, codec, seal, verify, open."""
