import MawsBase
import MawsWire

extension ExchangeCore {
    /// What must be true after every event, and is not.
    package func violations() -> [String] { placeViolations() + lineViolations() + taskViolations() }

    /// Every request is in one place of its own line, and belongs to a task that waits for it.
    private func placeViolations() -> [String] {
        var places: [RequestNumber: [ExchangeLine]] = [:]
        for (line, known) in lines {
            var here = known.queue + known.awaited
            if case .sending(let number, _) = known.activity { here.append(number) }
            for number in here { places[number, default: []].append(line) }
        }
        return requests.keys.sorted().compactMap { number in
            guard let request = requests[number] else { return nil }
            if places[number] != [request.line] { return "request \(number.value) is not in one place of its line" }
            if tasks[request.task]?.requests.contains(number) != true { return "request \(number.value) has no task" }
            return request.asks > settings.asksMax ? "request \(number.value) was asked too often" : nil
        }
    }

    private func lineViolations() -> [String] {
        lines.keys.sorted().flatMap { line in lines[line].map { violations(of: $0, line) } ?? [] }
    }

    private func violations(of line: Line, _ place: ExchangeLine) -> [String] {
        var found: [String] = []
        let name = "the \(place.purpose) line of shard \(place.shard)"
        if !line.isOpen && (line.activity != .none || !line.awaited.isEmpty) { found.append("\(name) is no line") }
        if line.activity == .none && !line.isIdle { found.append("\(name) has work and no order") }
        if line.queue.contains(where: { requests[$0] == nil }) { found.append("\(name) would send what nobody wants") }
        let numbers = line.awaited + line.queue
        if zip(numbers, numbers.dropFirst()).contains(where: { $0 >= $1 }) { found.append("\(name) is out of order") }
        return found
    }

    private func taskViolations() -> [String] {
        tasks.keys.sorted().flatMap { task in tasks[task].map { violations(of: $0, task) } ?? [] }
    }

    private func violations(of work: Work, _ task: ExchangeTask) -> [String] {
        var found: [String] = []
        let own = work.requests.compactMap { requests[$0] }
        if own.count != work.requests.count { found.append("task \(task.number) waits for what nobody asked") }
        if own.reduce(0, { $0 + $1.byteCount }) != work.byteCount {
            found.append("task \(task.number) has lost count of its bytes")
        }
        if work.isClosed && work.requests.isEmpty { found.append("task \(task.number) is done and nobody says so") }
        let flushed = own.filter { if case .flush = $0.question { true } else { false } }.map(\.line.shard)
        if !work.confirmed.isDisjoint(with: flushed) {
            found.append("task \(task.number) counts a shard that has still to answer")
        }
        return found
    }
}
