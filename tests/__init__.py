"""The tests of Aether: a package, so that no installed package of this name comes first."""
