/// Numbers by which a peer knows a process or a connection again; see `Hello.origin`.
package enum Origin {
    /// Another one with every call, in every process, never 0. It reaches no number that a run computes.
    package static func fresh() -> UInt64 { UInt64.random(in: 1...UInt64.max) }
}
