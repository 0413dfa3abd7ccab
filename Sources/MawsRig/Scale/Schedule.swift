import MawsBase

/// What is still to come, in the order of time; at one moment in that in which it was put down.
struct Schedule<Value> {
    private var heap: [(at: Moment, number: Int, value: Value)] = []
    private var count = 0

    mutating func put(_ value: Value, at moment: Moment) {
        count += 1
        heap.append((moment, count, value))
        var place = heap.count - 1
        while place > 0, isBefore(place, (place - 1) / 2) {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    mutating func take() -> (at: Moment, value: Value)? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return (first.at, first.value)
    }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        (heap[left].at, heap[left].number) < (heap[right].at, heap[right].number)
    }

    private mutating func sink() {
        var place = 0
        while true {
            let children = [2 * place + 1, 2 * place + 2].filter { $0 < heap.count }
            guard let least = children.min(by: isBefore), isBefore(least, place) else { return }
            heap.swapAt(place, least)
            place = least
        }
    }
}
