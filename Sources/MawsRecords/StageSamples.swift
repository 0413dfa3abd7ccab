import MawsData

/// What became of the samples of a stage: what was foreseen of its splits, and what its trainers skipped.
package struct StageSamples {
    package let stage: String
    package let account: SampleAccount

    /// - Parameters:
    ///   - survey: of the stage before it started; nil: nothing is known but what was skipped.
    ///   - skipped: names of the samples that its trainers skipped, each with its reason.
    ///   - trains: whether it is a training stage, which reads another sample in place of such a one.
    package init(stage: String, survey: PlanSurvey.Stage?, skipped: [String], trains: Bool) {
        self.stage = stage
        var account = SampleAccount()
        let splits = survey?.splits ?? []
        // What was skipped when shards were opened is among what the trainers name.
        let missing = max(0, skipped.count - splits.reduce(0) { $0 + $1.problemCount })
        account.take(max(0, splits.reduce(0) { $0 + $1.count } - missing))
        for split in splits {
            for entry in split.account.entries(.incomplete) + split.account.entries(.ignored) { account.add(entry) }
            for entry in split.account.entries(.leftOut) where entry.reason == SampleAccount.excluded {
                account.add(entry)
            }
        }
        let fate = trains ? "replaced by the next readable sample" : "not scored"
        for name in skipped {
            let (place, reason) = Self.parts(name)
            account.add(.leftOut, "\(SampleAccount.kind(ofReason: reason)): \(fate)", example: place)
        }
        self.account = account
    }

    /// `a.tar, 0007 at byte 512: the image is empty` is a place and a reason.
    private static func parts(_ name: String) -> (place: String, reason: String) {
        guard let match = name.firstMatch(of: /^(.*) at byte [0-9]+: (.*)$/.dotMatchesNewlines()) else {
            return (name, "unreadable")
        }
        return (String(match.1), String(match.2))
    }
}
