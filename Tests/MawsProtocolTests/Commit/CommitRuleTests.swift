import MawsBase
import MawsProtocol
import Testing

/// What is committed of a step, as a function of what its units and shards say.
struct CommitRuleTests {
    private static let table: BlockTable = {
        BlockTable(
            blocks: ["embed", "block.0"].map { name in
                var builder = BlockBuilder(name)
                builder.add("\(name).weight", [100], decays: true, .zeros)
                return builder.build()
            })
    }()

    private func verdict(
        losses: [Double] = [0.25, 0.5], squares: [[Double]] = [[9, 16]], clipNorm: Double? = 1, skipsMax: Int = 0,
        earlier: [CommitRule.Earlier] = []
    ) -> CommitRule.Verdict {
        CommitRule(table: Self.table, clipNorm: clipNorm, skipsMax: skipsMax)
            .verdict(losses: losses, chunkSquares: squares) { earlier }
    }

    @Test func lossIsTheSumOfTheUnitsSharesAndTheGradientIsClippedToItsNorm() {
        guard case .commit(let loss, let norm, let clipScale) = verdict() else {
            return #expect(Bool(false), "it is not committed")
        }
        #expect((loss, norm) == (0.75, 5))
        #expect(abs(clipScale - 0.2) < 1e-6)
        #expect(verdict(clipNorm: nil) == .commit(loss: 0.75, gradientNorm: 5, clipScale: 1))
    }

    /// Earlier commits cost a query of the database: a step that is finite does without.
    @Test func earlierCommitsAreLookedUpOnlyWhereTheyMatter() {
        let rule = CommitRule(table: Self.table, clipNorm: 1, skipsMax: 1)
        var asked = 0
        _ = rule.verdict(losses: [1], chunkSquares: [[1, 1]]) {
            asked += 1
            return []
        }
        #expect(asked == 0)
        _ = rule.verdict(losses: [.nan], chunkSquares: [[1, 1]]) {
            asked += 1
            return []
        }
        #expect(asked == 1)
    }

    @Test func whatIsNotFiniteIsNamed() {
        #expect(
            verdict(losses: [1, .nan, .infinity], squares: [[1, .infinity]])
                == .stop(NonFiniteValues(units: [1, 2], blocks: ["block.0"]), skipped: 0))
        #expect(
            verdict(losses: [.infinity, -.infinity]) == .stop(NonFiniteValues(units: [0, 1], blocks: []), skipped: 0))
    }

    /// Each share is finite, and their sum is not.
    @Test func aLossThatOverflowsIsNotCommitted() {
        let large = Double.greatestFiniteMagnitude
        #expect(verdict(losses: [large, large]) == .stop(NonFiniteValues(units: [], blocks: []), skipped: 0))
        #expect(verdict(squares: [[large, large]]) == .stop(NonFiniteValues(units: [], blocks: []), skipped: 0))
    }

    /// What a curve shows of a skipped step is on the scale of the others: a loss is the sum of its units' shares.
    @Test func aSkippedStepHasTheLossOfTheUnitsThatHaveOne() {
        let values = NonFiniteValues(units: [1], blocks: [])
        #expect(
            verdict(losses: [0.25, .nan, 0.25, 0.25], skipsMax: 2) == .skip(values, number: 1, loss: 1))
    }

    @Test func withoutAnyLossItIsThatOfTheStepBefore() {
        let earlier = [CommitRule.Earlier(loss: 3, clipScale: 1), .init(loss: 2, clipScale: 0)]
        #expect(
            verdict(losses: [.nan], skipsMax: 2, earlier: earlier)
                == .skip(NonFiniteValues(units: [0], blocks: []), number: 2, loss: 2))
        #expect(
            verdict(losses: [.nan], skipsMax: 1, earlier: earlier)
                == .stop(NonFiniteValues(units: [0], blocks: []), skipped: 1))
        #expect(
            verdict(losses: [.nan], skipsMax: 1)
                == .skip(NonFiniteValues(units: [0], blocks: []), number: 1, loss: 0))
    }

    @Test(arguments: [[[1.0]], [[1, 1, 1]], [[1], [1], [1]]])
    func reportsOfAnotherTableAreNoGradient(squares: [[Double]]) { #expect(verdict(squares: squares) == .misfit) }

    /// Its sender is at fault, and nobody else.
    @Test func aReportThatIsNotOfAShardsSlicesIsNotTaken() {
        let rule = CommitRule(table: Self.table, clipNorm: 1, skipsMax: 0)
        let whole = ShardIdentity(index: 0, count: 1)
        #expect(rule.takes([9, 16], of: whole) && rule.takes([.nan, .infinity], of: whole))
        #expect(!rule.takes([9], of: whole) && !rule.takes([9, 16, 1], of: whole) && !rule.takes([], of: whole))
        #expect(!rule.takes([-9, 16], of: whole))
    }

    @Test func aCommitThatWasChangedIsNotBelieved() {
        let rule = CommitRule(table: Self.table, clipNorm: 1, skipsMax: 0)
        let clipScale = rule.clipScale(of: 5)
        #expect(rule.makes(clipScale: clipScale, ofNorm: 5))
        #expect(rule.makes(clipScale: 0, ofNorm: 5))
        #expect(!rule.makes(clipScale: clipScale.nextUp, ofNorm: 5))
        #expect(!rule.makes(clipScale: 1, ofNorm: 5))
    }
}
