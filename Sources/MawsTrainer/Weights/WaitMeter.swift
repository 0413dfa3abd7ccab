import MawsBase

/// Adds up the time a unit spends waiting for others: shards, the network, its data.
public final class WaitMeter {
    private var waited = 0.0

    public init() {}

    /// Seconds since the last call.
    public func take() -> Double {
        defer { waited = 0 }
        return waited
    }

    func measure<Result>(_ body: () throws -> Result) rethrows -> Result {
        let start = Moment.now()
        defer { waited += Moment.now().seconds(since: start) }
        return try body()
    }
}
