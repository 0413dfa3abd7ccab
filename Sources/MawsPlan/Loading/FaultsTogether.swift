/// Faults of one map that do not depend on each other: all of them are told, not the first one alone.
struct FaultsTogether {
    private var faults: [PlanError] = []

    /// What `body` reads; nil where it throws, which `check` tells.
    mutating func read<Value>(_ body: () throws(PlanError) -> Value) -> Value? {
        do throws(PlanError) {
            return try body()
        } catch {
            faults.append(error)
            return nil
        }
    }

    /// Throws what was found.
    func check() throws(PlanError) {
        guard let first = faults.first else { return }
        throw faults.count == 1 ? first : .several(faults)
    }
}
