/// When a child process that ended is started again, and when it is given up: one that ends soon after each of its
/// starts never gets to work, and neither does one that cannot be started while no other child is left.
package struct RestartRule: Hashable, Sendable {
    /// A child that ends within this time of its start was not able to work.
    package static let shortLifeSeconds = 5.0
    package static let shortLivesMax = 5
    /// The pause after the first short life or failed start; each further one in a row adds as much.
    private static let pauseSeconds = 0.3
    private static let pauseSecondsMax = 3.0

    /// Short lives in a row.
    package private(set) var shortLives = 0
    /// Starts in a row that failed.
    package private(set) var failedStarts = 0

    package init() {}

    /// The child ended so long after its start.
    ///
    /// - Returns: seconds until it is started again; nil: it is given up.
    package mutating func ended(afterSeconds life: Double) -> Double? {
        failedStarts = 0
        shortLives = life < Self.shortLifeSeconds ? shortLives + 1 : 0
        return pause(after: shortLives)
    }

    /// It could not be started again. A program that is being replaced is not there for a while, which is a short life
    /// only where it is the last child.
    ///
    /// - Returns: seconds until the next try; nil: it is given up.
    package mutating func startFailed(isAlone: Bool) -> Double? {
        failedStarts += 1
        if isAlone { shortLives += 1 }
        return pause(after: failedStarts)
    }

    private func pause(after failures: Int) -> Double? {
        shortLives < Self.shortLivesMax ? min(Self.pauseSeconds * Double(failures), Self.pauseSecondsMax) : nil
    }
}
