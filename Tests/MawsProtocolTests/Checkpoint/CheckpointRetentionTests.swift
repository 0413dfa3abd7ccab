import MawsBase
import MawsProtocol
import Testing

/// What a run keeps of its checkpoints: enough to go on from, and no more than the plan says.
struct CheckpointRetentionTests {
    private let stages = [training(0, steps: 10), training(1, steps: 20), evaluation(2, phases: [3])]

    private func removable(
        _ present: [(UInt32, UInt64)], latest: (UInt32, UInt64)? = nil, keep: Int, stage: UInt32, ended: [UInt32] = []
    ) -> [[UInt64]] {
        CheckpointRetention(stages: stages, keep: keep).removable(
            present.map(Self.position), latest: latest.map(Self.position), stage: StageIndex(stage),
            ended: Set(ended.map { StageIndex($0) })
        ).map { [UInt64($0.stage.value), $0.step.value] }
    }

    private static func position(_ place: (UInt32, UInt64)) -> RunPosition {
        RunPosition(stage: StageIndex(place.0), step: StepIndex(place.1))
    }

    @Test func theNewestAndTheFirstOfTheStageUnderWayStay() {
        let present: [(UInt32, UInt64)] = [(0, 8), (0, 0), (0, 2), (0, 6), (0, 4)]
        #expect(removable(present, latest: (0, 8), keep: 2, stage: 0) == [[0, 2], [0, 4]])
        #expect(removable(present, latest: (0, 8), keep: 1, stage: 0) == [[0, 2], [0, 4], [0, 6]])
    }

    /// `latest` may name an older one, where newer ones were set aside and made again.
    @Test func theLatestStaysHoweverOldItIs() {
        let present: [(UInt32, UInt64)] = [(0, 0), (0, 2), (0, 4), (0, 6)]
        #expect(removable(present, latest: (0, 2), keep: 2, stage: 0) == [[0, 4]])
    }

    @Test func theFirstOfAStageThatEndedGoesAndItsLastStays() {
        let present: [(UInt32, UInt64)] = [(0, 0), (0, 5), (0, 10)]
        #expect(removable(present, latest: (0, 10), keep: 1, stage: 0, ended: [0]) == [[0, 0], [0, 5]])
    }

    @Test func finalsOfEarlierStagesStayAndTheirOthersGoFirst() {
        let present: [(UInt32, UInt64)] = [(0, 5), (0, 10), (1, 0), (1, 3), (1, 6)]
        #expect(removable(present, latest: (1, 6), keep: 2, stage: 1) == [[0, 5]])
    }

    /// A run that went back to repair a stage skips later ones that ended, whose last ones are read at the end.
    @Test func finalsOfLaterStagesThatEndedStayWhileAnEarlierOneIsRepaired() {
        let present: [(UInt32, UInt64)] = [(0, 0), (0, 2), (0, 4), (1, 15), (1, 20)]
        #expect(removable(present, latest: (0, 4), keep: 2, stage: 0, ended: [1]) == [[1, 15]])
    }

    @Test func withoutALatestAsManyAreKept() {
        #expect(removable([(0, 0), (0, 2), (0, 4)], keep: 1, stage: 0) == [[0, 2]])
        #expect(removable([], keep: 1, stage: 0) == [])
    }
}
