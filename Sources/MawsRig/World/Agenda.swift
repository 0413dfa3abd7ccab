import MawsBase

/// All that is still to happen in a simulated world, in one total order: by the moment, and at one moment by when it
/// was put down.
package struct Agenda {
    package struct Entry {
        package var at: UInt64
        package var number: UInt64
        /// Whose it is: what is put down for a process does not happen once that is dead, and later while it is
        /// stopped.
        package var owner: Process?
        package var body: () -> Void
    }

    private var heap: [Entry] = []
    private var count: UInt64 = 0

    package init() {}

    package var isEmpty: Bool { heap.isEmpty }
    /// When the next thing happens.
    package var next: UInt64? { heap.first?.at }

    package mutating func put(at nanoseconds: UInt64, _ owner: Process?, _ body: @escaping () -> Void) {
        count += 1
        insert(Entry(at: nanoseconds, number: count, owner: owner, body: body))
    }

    /// What had its time while its process was stopped happens later, still in its order.
    package mutating func postpone(_ entry: Entry, to nanoseconds: UInt64) {
        insert(Entry(at: nanoseconds, number: entry.number, owner: entry.owner, body: entry.body))
    }

    package mutating func take() -> Entry? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return first
    }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        (heap[left].at, heap[left].number) < (heap[right].at, heap[right].number)
    }

    private mutating func insert(_ entry: Entry) {
        heap.append(entry)
        var place = heap.count - 1
        while place > 0, isBefore(place, (place - 1) / 2) {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    private mutating func sink() {
        var place = 0
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2] where child < heap.count && isBefore(child, least) {
                least = child
            }
            guard least != place else { return }
            heap.swapAt(place, least)
            place = least
        }
    }
}
