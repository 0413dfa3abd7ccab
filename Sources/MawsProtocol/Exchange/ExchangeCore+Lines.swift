import MawsBase
import MawsWire

/// One line: dialed when something is to be asked, and again when it broke.
extension ExchangeCore {
    mutating func on(_ line: ExchangeLine, _ connection: UInt64, _ event: LineEvent) {
        guard let known = lines[line], known.isOpen, known.connection == connection else {
            // A dial that ends after its line was dropped brings a connection that nobody wants any more.
            if event == .connected { actions.unlocked.append(.close(line, connection: connection)) }
            return
        }
        switch event {
        case .connected, .sent, .announced, .read: movedAt[line.purpose] = now
        case .notConnected, .broken, .judged: break
        }
        switch event {
        case .connected:
            guard known.activity == .dialing else { return }
            lines[line]?.check = LinkCheck()
            goOn(line)
        case .notConnected(let reason): drop(line, .unreachable(shard: line.shard, reason: reason))
        case .sent(let number): sent(line, number, known)
        case .announced(let message): if known.activity == .receiving { announced(line, message, known) }
        case .read(let number): if known.activity == .reading(number) { read(line, number) }
        case .broken(let reason): breakOff(line, .lineBroken(shard: line.shard, .line(reason)), asksAgain: true)
        case .judged(let state, let before, let after): judge(line, state, before, after)
        }
    }

    /// Where a line may be, for whoever counts which of them were seen.
    package enum LineStanding: Int, CaseIterable, Sendable {
        case unknown, closed, idle, dialing, sending, receiving, reading
    }

    package func standing(of line: ExchangeLine) -> LineStanding {
        guard let known = lines[line] else { return .unknown }
        return switch known.activity {
        case .none: known.isOpen ? .idle : .closed
        case .dialing: .dialing
        case .sending: .sending
        case .receiving: .receiving
        case .reading: .reading
        }
    }

    /// Gives the line's thread its next order, if it has none. What is to be sent goes before what is to be read.
    mutating func proceed(_ line: ExchangeLine) {
        guard var known = lines[line], known.activity == .none else { return }
        if !known.isOpen {
            guard !known.queue.isEmpty else { return }
            guard known.hasAddress else { return failTasks(of: line, .noAddress(shard: line.shard)) }
            dialCounts[line, default: 0] += 1
            known.connection = dialCounts[line, default: 0]
            (known.isOpen, known.activity) = (true, .dialing)
            lines[line] = known
            return order(line, .dial)
        }
        if !known.queue.isEmpty {
            let number = known.queue.removeFirst()
            guard let question = requests[number]?.question else { preconditionFailure("a request without a task") }
            requests[number]?.asks += 1
            known.activity = .sending(number, isAnswered: question.isAnswered)
            lines[line] = known
            return order(line, .send(number, question.message(number)))
        }
        guard !known.awaited.isEmpty else { return }
        known.activity = .receiving
        lines[line] = known
        order(line, .receive)
    }

    private mutating func order(_ line: ExchangeLine, _ order: LineOrder) {
        actions.locked.append(.order(line, connection: lines[line]?.connection ?? 0, order))
    }

    /// The thread did what it was told to.
    private mutating func goOn(_ line: ExchangeLine) {
        lines[line]?.activity = .none
        proceed(line)
    }

    private mutating func sent(_ line: ExchangeLine, _ number: RequestNumber, _ known: Line) {
        guard case .sending(number, let isAnswered) = known.activity else { return }
        if isAnswered {
            if known.awaited.isEmpty { expectAnswer(line) }
            // What nobody waits for any more is answered all the same.
            lines[line]?.awaited.append(number)
        } else {
            finish(number)
        }
        goOn(line)
    }

    private mutating func expectAnswer(_ line: ExchangeLine) { lines[line]?.deadline = now + settings.answerSeconds }

    /// The connection ends. Questions that were asked on it are asked again on another one, where that makes sense:
    /// whoever answers them says what is so then. A gradient or rows that were on their way are not sent again.
    mutating func breakOff(_ line: ExchangeLine, _ failure: ExchangeFailure, asksAgain: Bool) {
        guard let known = lines[line] else { return }
        var underWay = known.awaited
        if case .sending(let number, _) = known.activity { underWay.append(number) }
        hangUp(line)
        for number in underWay {
            guard let request = requests[number] else { continue }
            if asksAgain && mayBeAskedAgain(request) { continue }
            fail(request.task, failure)
        }
        lines[line]?.queue.insert(contentsOf: underWay.filter { requests[$0] != nil }, at: 0)
        proceed(line)
    }

    private func mayBeAskedAgain(_ request: Request) -> Bool {
        request.question.isAnswered && request.asks < settings.asksMax && request.units.isEmpty
    }

    /// - Note: what was asked on the connection is in no line any more.
    mutating func hangUp(_ line: ExchangeLine) {
        guard let known = lines[line], known.isOpen else { return }
        actions.unlocked.append(.close(line, connection: known.connection))
        var closed = Line()
        (closed.hasAddress, closed.connection, closed.queue) = (known.hasAddress, known.connection, known.queue)
        lines[line] = closed
    }

    mutating func drop(_ line: ExchangeLine, _ failure: ExchangeFailure) {
        failTasks(of: line, failure)
        hangUp(line)
    }

    // MARK: - Answers

    private mutating func announced(_ line: ExchangeLine, _ message: Message, _ known: Line) {
        guard let due = known.awaited.first else { preconditionFailure("nobody waits on a line that receives") }
        switch message {
        case .heartbeat: return goOn(line)
        case .refused(let reason, _):
            return breakOff(line, .refused(shard: line.shard, reason: reason), asksAgain: false)
        default: break
        }
        guard let reply = message.reply, reply.request <= due else { return misanswered(line, due) }
        if reply.request < due {
            leftoverCount += 1
            return goOn(line)
        }
        guard reply.term == term else {
            if let task = requests[due]?.task { fail(task, .otherTerm(shard: line.shard, reply.term, own: term)) }
            return answered(line, isLast: !message.isSharedRows)
        }
        guard let request = requests[due] else {
            leftoverCount += 1
            return answered(line, isLast: !message.isSharedRows)
        }
        answer(line, due, request, message)
    }

    private mutating func answer(
        _ line: ExchangeLine, _ number: RequestNumber, _ request: Request, _ message: Message
    ) {
        switch (request.question, message) {
        case (_, .unavailable(_, let reason)):
            fail(request.task, .unavailable(shard: line.shard, reason: reason))
            answered(line, isLast: true)
        case (.gather(let stage, let step, let block), .gathered(_, let itsStage, let itsStep, let itsBlock, _))
        where (stage, step, block) == (itsStage, itsStep, itsBlock):
            readPayload(line, number)
        case (.gatherRows(let stage, let step), .sharedRows(_, let unitRows))
        where isDue(unitRows, stage, step, request):
            requests[number]?.units.insert(unitRows.unit)
            readPayload(line, number)
        case (.gatherRows, .flushed):
            finish(number)
            answered(line, isLast: true)
        case (.flush, .flushed(_, let isFinite, let receipt)):
            confirm(request.task, line.shard, isFinite, receipt)
            finish(number)
            answered(line, isLast: true)
        default: misanswered(line, number)
        }
    }

    /// The rows of unit *u* are at shard *u* mod *S*, and come once.
    private func isDue(_ unitRows: UnitRows, _ stage: StageIndex, _ step: StepIndex, _ request: Request) -> Bool {
        unitRows.term == term && unitRows.stage == stage && unitRows.step == step
            && !request.units.contains(unitRows.unit)
            && Int(unitRows.unit.value) % shardCount == request.line.shard
    }

    private mutating func confirm(
        _ task: ExchangeTask, _ shard: Int, _ isFinite: Bool, _ receipt: AuthenticationCode
    ) {
        guard var work = tasks[task] else { return }
        work.confirmed.insert(shard)
        work.outcome.isFinite = work.outcome.isFinite && isFinite
        work.outcome.receipt = work.outcome.receipt.joined(with: receipt)
        tasks[task] = work
    }

    private mutating func readPayload(_ line: ExchangeLine, _ number: RequestNumber) {
        lines[line]?.activity = .reading(number)
        order(line, .read(number))
    }

    private mutating func read(_ line: ExchangeLine, _ number: RequestNumber) {
        guard let request = requests[number] else { return answered(line, isLast: false) }
        if case .gather = request.question {
            finish(number)
            return answered(line, isLast: true)
        }
        answered(line, isLast: false)
    }

    /// - Parameter isLast: whether nothing more answers what is due now.
    private mutating func answered(_ line: ExchangeLine, isLast: Bool) {
        if isLast { lines[line]?.awaited.removeFirst() }
        expectAnswer(line)
        goOn(line)
    }

    /// It is not known any more what comes on this connection.
    private mutating func misanswered(_ line: ExchangeLine, _ due: RequestNumber) {
        guard let question = requests[due]?.question else {
            let failure = ExchangeFailure.lineBroken(shard: line.shard, .answeredUnasked)
            return breakOff(line, failure, asksAgain: true)
        }
        breakOff(line, .unexpected(shard: line.shard, awaited: question), asksAgain: false)
    }
}

// MARK: - Time

extension ExchangeCore {
    mutating func tick(_ pulses: [ExchangeLine: LinkPulse]) {
        for line in lines.keys.sorted() {
            endWhenSilent(line)
            if let pulse = pulses[line] { look(line, pulse) }
        }
        for purpose in ExchangeLine.Purpose.allCases where requestCounts[purpose, default: 0] > 0 {
            guard let moved = movedAt[purpose], now.seconds(since: moved) > settings.stuckSeconds else { continue }
            let concerned = Set(requests.values.filter { $0.line.purpose == purpose }.map(\.task))
            for task in concerned.sorted() { fail(task, .stuck(purpose)) }
        }
    }

    private mutating func endWhenSilent(_ line: ExchangeLine) {
        guard let known = lines[line], known.activity == .receiving, let deadline = known.deadline, deadline <= now
        else { return }
        guard let due = known.awaited.first, let question = requests[due]?.question else {
            return breakOff(line, .lineBroken(shard: line.shard, .silent), asksAgain: true)
        }
        breakOff(line, .silent(shard: line.shard, awaited: question), asksAgain: false)
    }

    /// A shard may be silent for long with good reason, and a line that is open on this side alone looks the same.
    private mutating func look(_ line: ExchangeLine, _ pulse: LinkPulse) {
        guard var known = lines[line], known.isOpen, !known.isAsked, known.activity != .dialing, !known.isIdle else {
            return
        }
        known.isAsked = known.check.isQuiet(pulse, at: now)
        lines[line] = known
        if known.isAsked { actions.unlocked.append(.ask(line, connection: known.connection)) }
    }

    private mutating func judge(_ line: ExchangeLine, _ state: LinkState?, _ before: LinkPulse, _ after: LinkPulse) {
        lines[line]?.isAsked = false
        guard let state, lines[line]?.check.isDead(state, before: before, after: after, at: now) == true else { return }
        breakOff(line, .lineDead(shard: line.shard), asksAgain: true)
    }
}

extension Message {
    /// Whether more may follow that answers the same request.
    fileprivate var isSharedRows: Bool { if case .sharedRows = self { true } else { false } }
}
