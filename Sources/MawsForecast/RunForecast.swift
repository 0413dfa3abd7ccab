import MawsPlan

/// What all stages of a run come to.
package struct RunForecast: Codable, Hashable, Sendable {
    package var steps: Int
    /// From the first stage's start to the last one's end, without the fit of evaluations.
    package var seconds: Double
    /// Bytes on the wire, all machines together.
    package var wireBytes: Int

    package init(stages: [StageForecast]) {
        steps = stages.reduce(0) { $0 + $1.steps }
        seconds = stages.reduce(0) { $0 + Double(max(1, $1.steps)) * $1.seconds }
        wireBytes = stages.reduce(0) { sum, stage in
            sum + stage.steps * (stage.pushedBytesPerStep + stage.gatheredBytesPerStep) + stage.gatheredBytesOnce
        }
    }
}

/// The network between machines, as a forecast takes it: every machine has one link of this rate in each direction.
package struct ForecastNetwork: Sendable {
    let bytesPerSecond: Double

    /// Bits a second as people write them: `1G`, `100M`; nil where the text is none.
    package init?(text: String) {
        let factors: [Character: Double] = ["K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12]
        guard let unit = text.uppercased().last, let factor = factors[unit], let count = Double(text.dropLast()),
            count.isFinite, count > 0
        else { return nil }
        bytesPerSecond = count * factor / 8
    }

    /// Seconds that the busiest link needs for what a step pushes and gathers, each direction by itself.
    package func seconds(pushed: Int, gathered: Int, trainers: Int, servers: Int) -> Double {
        let most = Double(max(pushed, gathered))
        return most / Double(min(trainers, servers)) / bytesPerSecond
    }
}
