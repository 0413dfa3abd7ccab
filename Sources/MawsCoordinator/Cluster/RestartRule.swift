/// When a child process that ended is started again, and when it is given up: one that ends soon after each of its
/// starts never gets to work.
package struct RestartRule: Hashable, Sendable {
    /// A child that ends within this time of its start was not able to work.
    package static let shortLifeSeconds = 5.0
    package static let shortLivesMax = 5
    /// The pause after the first short life; each further one in a row adds as much.
    private static let pauseSeconds = 0.3

    /// Short lives in a row.
    package private(set) var shortLives = 0

    package init() {}

    /// The child ended so long after its start.
    ///
    /// - Returns: seconds until it is started again; nil: it is given up.
    package mutating func ended(afterSeconds life: Double) -> Double? {
        shortLives = life < Self.shortLifeSeconds ? shortLives + 1 : 0
        return shortLives < Self.shortLivesMax ? Self.pauseSeconds * Double(shortLives) : nil
    }
}
