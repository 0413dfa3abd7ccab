/// Seconds as logs, status and reports say them.
package enum SecondsText {
    /// `3.2` seconds that passed, never more than did.
    package static func tenths(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e12 else { return "–" }
        let value = Int(max(0, seconds) * 10)
        return "\(value / 10).\(value % 10)"
    }
}
