// Filled by the first commit that gives this target its types.
