import MawsBase
import MawsRecords
import Testing

@Suite struct ImageRateTests {
    private func moment(_ seconds: Double) -> Moment { Moment(nanoseconds: 5_000_000_000) + seconds }

    @Test func unitsThatEndInBunchesCountWithTheTimeThatTheyTook() {
        // Two steps of four units of 8 images, a second each, whose units end together.
        var rate = ImageRate(start: moment(0))
        for step in 1...2 {
            for unit in 0..<4 {
                rate.add(8)
                #expect(rate.perSecond(at: moment(Double(step) + Double(unit) * 1e-6)) <= 32.0001)
            }
            rate.mark(moment(Double(step) + 1e-5))
        }
        #expect(abs(rate.perSecond(at: moment(2)) - 32) < 0.01)
    }

    @Test func theLastStepsCountAndTheStartDoesNot() {
        // Ten seconds until the first step is done, then 100 images a second.
        var rate = ImageRate(start: moment(0))
        #expect(rate.perSecond(at: moment(0)) == 0)
        for step in 0..<30 {
            rate.add(100)
            rate.mark(moment(10 + Double(step)))
            if step > 0 { #expect(abs(rate.perSecond(at: moment(10 + Double(step))) - 100) < 1e-6) }
        }
    }
}
