import Dispatch

/// Work that does not depend on its neighbours, done by all cores at once.
package enum AllCores {
    /// `body` of every number below `count`, in order.
    /// - Parameter grain: numbers that one core does at a time, more than one where each is little work.
    package static func map<Output: Sendable>(
        _ count: Int, grain: Int = 1, _ body: @Sendable (Int) -> Output
    ) -> [Output] {
        [Output](unsafeUninitializedCapacity: count) { outputs, filled in
            nonisolated(unsafe) let slots = outputs
            DispatchQueue.concurrentPerform(iterations: (count + grain - 1) / grain) { piece in
                for number in piece * grain..<min((piece + 1) * grain, count) {
                    slots.initializeElement(at: number, to: body(number))
                }
            }
            filled = count
        }
    }
}
