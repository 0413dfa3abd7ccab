/// What is still to happen, in one total order: by the moment, and at one moment by when it was put down.
package struct Agenda<Deed> {
    package struct Entry {
        /// Nanoseconds.
        package var at: UInt64
        package var number: UInt64
        package var deed: Deed
    }

    private var heap: [Entry] = []
    private var count: UInt64 = 0

    package init() {}

    package mutating func put(at nanoseconds: UInt64, _ deed: Deed) {
        count += 1
        insert(Entry(at: nanoseconds, number: count, deed: deed))
    }

    /// What cannot happen at its time happens later, still in its order.
    package mutating func postpone(_ entry: Entry, to nanoseconds: UInt64) {
        insert(Entry(at: nanoseconds, number: entry.number, deed: entry.deed))
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
