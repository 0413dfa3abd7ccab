import MawsCoordinator
import Testing

/// When a child is started again, life by life.
struct RestartRuleTests {
    /// Each short life in a row makes the pause longer, the fifth is the last.
    @Test func aChildThatNeverGetsToWorkIsGivenUp() {
        var rule = RestartRule()
        let pauses = (0..<5).map { _ in rule.ended(afterSeconds: 0.01).map { ($0 * 10).rounded() / 10 } }
        #expect(pauses == [0.3, 0.6, 0.9, 1.2, nil])
        #expect(rule.shortLives == 5)
    }

    @Test func aChildThatWorkedStartsAtOnceAndFromAnew() {
        var rule = RestartRule()
        for _ in 0..<4 { #expect(rule.ended(afterSeconds: 4.99) != nil) }
        #expect(rule.ended(afterSeconds: 5) == 0)
        #expect(rule.shortLives == 0)
        #expect(rule.ended(afterSeconds: 0) == 0.3)
        for _ in 0..<100 { #expect(rule.ended(afterSeconds: 3600) == 0) }
    }

    /// A program that is not there for a while, as it is being built anew.
    @Test func aChildThatCannotBeStartedIsTriedAsLongAsOthersAreThere() {
        var rule = RestartRule()
        let pauses = (0..<100).map { _ in rule.startFailed(isAlone: false) ?? -1 }
        #expect(pauses.prefix(3).map { ($0 * 10).rounded() / 10 } == [0.3, 0.6, 0.9])
        #expect(pauses.dropFirst(10).allSatisfy { $0 == 3 })
        #expect(rule.ended(afterSeconds: 0) == 0.3 && rule.failedStarts == 0)
    }

    /// The last one has five lives in a row, whether they end soon or do not begin.
    @Test func theLastChildIsGivenUpWhenItCannotBeStarted() {
        var rule = RestartRule()
        _ = rule.ended(afterSeconds: 1)
        let pauses = (0..<4).map { _ in rule.startFailed(isAlone: true) != nil }
        #expect(pauses == [true, true, true, false])
    }
}
