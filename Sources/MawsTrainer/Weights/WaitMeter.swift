import MawsBase

/// Adds up the time a unit spends waiting for others: shards, the network, its data.
package final class WaitMeter {
    private var waited = 0.0
    private var waitedForData = 0.0

    package init() {}

    /// Seconds since the last call, and those of them for data.
    func take() -> (all: Double, data: Double) {
        defer { (waited, waitedForData) = (0, 0) }
        return (waited, waitedForData)
    }

    func measure<Result>(_ body: () throws -> Result) rethrows -> Result {
        let start = Moment.now()
        defer { waited += Moment.now().seconds(since: start) }
        return try body()
    }

    func measureData<Result>(_ body: () throws -> Result) rethrows -> Result {
        let before = waited
        defer { waitedForData += waited - before }
        return try measure(body)
    }
}
