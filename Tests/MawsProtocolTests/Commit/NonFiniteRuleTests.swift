import MawsProtocol
import Testing

@Suite struct NonFiniteRuleTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var skipsMax: Int
        var clipScales: [Double]
        var verdict: NonFiniteRule.Verdict
        var testDescription: String { "at most \(skipsMax) after \(clipScales)" }
    }

    static let cases = [
        Case(skipsMax: 0, clipScales: [], verdict: .stop(skipped: 0)),
        Case(skipsMax: 0, clipScales: [1, 0.5], verdict: .stop(skipped: 0)),
        Case(skipsMax: 1, clipScales: [], verdict: .skip(number: 1)),
        Case(skipsMax: 2, clipScales: [1, 0], verdict: .skip(number: 2)),
        Case(skipsMax: 2, clipScales: [1, 0, 0], verdict: .stop(skipped: 2)),
        Case(skipsMax: 2, clipScales: [0, 0, 1], verdict: .skip(number: 1)),
        Case(skipsMax: 2, clipScales: [0, 0, 1, 0], verdict: .skip(number: 2)),
        // A lower limit than the run had before.
        Case(skipsMax: 1, clipScales: [0, 0, 0], verdict: .stop(skipped: 3)),
    ]

    @Test(arguments: cases)
    func onlySoManyStepsInARowAreSkipped(_ example: Case) {
        let verdict = NonFiniteRule.verdict(skipsMax: example.skipsMax, clipScales: example.clipScales)
        #expect(verdict == example.verdict)
    }
}
