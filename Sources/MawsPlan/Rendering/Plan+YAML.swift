extension Plan {
    /// The plan with every field spelt out, as a plan file that loads back to an equal plan.
    public func yaml() -> String { fatalError("not yet") }
}
