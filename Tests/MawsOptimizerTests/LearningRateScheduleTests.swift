import MawsBase
import MawsOptimizer
import MawsPlan
import Testing

@Suite struct LearningRateScheduleTests {
    private func rates(_ shape: SchedulePlan.Shape, warmup: Double, steps: Int) -> [Double] {
        let schedule = LearningRateSchedule(SchedulePlan(shape: shape, peak: 2, warmup: warmup), steps: steps)
        return (0..<steps).map { schedule.rate(at: StepIndex(UInt64($0))) }
    }

    @Test func warmupRisesLinearlyToThePeak() {
        #expect(rates(.constant, warmup: 0.4, steps: 10) == [0.5, 1, 1.5, 2, 2, 2, 2, 2, 2, 2])
    }

    @Test func cosineFallsFromThePeakThroughItsHalfTowardsZero() {
        let rates = rates(.cosine, warmup: 0.2, steps: 10)
        #expect(rates[1] == 2 && rates[2] == 2)
        #expect(abs(rates[6] - 1) < 1e-12)
        #expect(rates[9] > 0 && rates[9] < 0.1)
        #expect(zip(rates.dropFirst(2), rates.dropFirst(3)).allSatisfy { $0 > $1 })
    }

    @Test func linearFallsInEqualSteps() {
        #expect(rates(.linear, warmup: 0, steps: 4) == [2, 1.5, 1, 0.5])
    }

    @Test func oneStepStageRunsAtThePeak() {
        #expect(rates(.cosine, warmup: 0.05, steps: 1) == [2])
        #expect(rates(.cosine, warmup: 1, steps: 1) == [2])
    }
}
