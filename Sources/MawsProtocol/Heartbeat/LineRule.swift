/// Whether the line of a silent server is lost. A silent server may be busy or stopped, or its line slow, so it is
/// looked for where trainers reach it.
package enum LineRule {
    /// What is found there.
    package enum Finding: Hashable, Sendable {
        /// Nobody listens any more.
        case nobody
        case anotherProcess
        /// The process itself, which has something to say, and says it on its line every second.
        case theProcess
        /// Whoever does not answer may be stopped.
        case noAnswer
    }

    /// Why a line is given up.
    package enum Loss: Hashable, Sendable {
        case nobodyListens
        case anotherProcessAnswers
        /// The process is there and nothing of what it says arrives.
        case lineIsDead
    }

    /// - Parameters:
    ///   - silentSeconds: of the line, before it was looked for and after.
    ///   - isHeldUp: whether this side did something else than to read the line meanwhile.
    package static func loss(
        _ finding: Finding, silentSeconds before: Double, _ after: Double, isHeldUp: Bool
    ) -> Loss? {
        // It spoke while it was looked for.
        guard before >= CoordinatorCore.silentServerSeconds, after > before else { return nil }
        switch finding {
        case .nobody: return .nobodyListens
        case .anotherProcess: return .anotherProcessAnswers
        case .theProcess: return isHeldUp ? nil : .lineIsDead
        case .noAnswer: return nil
        }
    }
}
