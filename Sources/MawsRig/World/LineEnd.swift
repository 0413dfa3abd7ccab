import MawsBase
import MawsWire

/// One side of a connection: what its process sends and receives there. Bytes come whole and in order, or not at all
/// any more.
final class LineEnd {
    let world: World
    let process: Process
    let number: UInt64
    /// What the other side's certificate says.
    let peerRole: Role
    let peerCertificate: String
    unowned let network: Network
    weak var other: LineEnd?
    /// Closed from here; the other side went away.
    private(set) var isClosed = false
    private(set) var isEnded = false
    /// Whether what is sent from here never arrives, though nobody is told.
    var isDeaf = false
    private(set) var bytesSent: UInt64 = 0
    private(set) var bytesReceived: UInt64 = 0
    private var heardAt: UInt64
    private var inbox: [Letter] = []
    private var reader: (number: Int, body: (Received) -> Void)?
    private var readCount = 0
    /// When the newest of what was sent arrives.
    private var lastArrival: UInt64 = 0
    private var untaken: [(number: UInt64, body: () -> Void)] = []
    private var sendCount: UInt64 = 0

    init(_ network: Network, _ process: Process, number: UInt64, peer: (role: Role, certificate: String)) {
        (self.network, self.process, self.number) = (network, process, number)
        world = network.world
        (peerRole, peerCertificate) = peer
        heardAt = network.world.nanoseconds
    }

    var isOpen: Bool { !isClosed && !isEnded }
    /// Seconds since the last byte that was read.
    var silentSeconds: Double { Double(world.nanoseconds - heardAt) / 1e9 }
    /// Whether anything of what was sent has not arrived.
    var isSending: Bool { lastArrival > world.nanoseconds || !untaken.isEmpty }

    /// - Parameter taken: called when the other side's system has all of it, or the connection has ended.
    /// - Returns: false where the connection is known to have ended.
    @discardableResult
    func send(_ letter: Letter, taken: (() -> Void)? = nil) -> Bool {
        guard isOpen, process.isAlive else { return false }
        bytesSent += letter.byteCount
        sendCount += 1
        let sent = sendCount
        if let taken { untaken.append((sent, taken)) }
        carry(payload: letter.payloadCount) { [self] in
            other?.arrive(letter)
            world.after(network.latency(from: other?.process.host ?? process.host, to: process.host), process) {
                self.take(sent)
            }
        }
        return true
    }

    @discardableResult
    func send(_ message: Message) -> Bool { send(Letter(message)) }

    private func take(_ number: UInt64) {
        guard let place = untaken.firstIndex(where: { $0.number == number }) else { return }
        untaken.remove(at: place).body()
    }

    /// Something goes to the other side, behind all that went before it.
    private func carry(payload: Int, _ body: @escaping () -> Void) {
        guard let other, !isDeaf else { return }
        let seconds =
            network.latency(from: process.host, to: other.process.host) + Double(payload) / Network.bytesASecond
        lastArrival = max(world.nanoseconds + UInt64(seconds * 1e9), lastArrival + 1)
        pass(at: lastArrival, other, body)
    }

    private func pass(at moment: UInt64, _ other: LineEnd, _ body: @escaping () -> Void) {
        world.at(moment, nil) { [self] in
            guard !isDeaf else { return }
            let until = network.blockedUntil(from: process.host, to: other.process.host)
            if until > world.nanoseconds {
                lastArrival = max(lastArrival, until)
                return pass(at: until, other, body)
            }
            world.at(world.nanoseconds, other.process, body)
        }
    }

    private func arrive(_ letter: Letter) {
        guard !isClosed else { return }
        inbox.append(letter)
        offer()
    }

    /// Waits for the next letter, once.
    func receive(timeoutSeconds: Double? = nil, _ body: @escaping (Received) -> Void) {
        readCount += 1
        let number = readCount
        reader = (number, body)
        if let timeoutSeconds {
            world.after(timeoutSeconds, process) { [weak self] in
                guard let self, self.reader?.number == number else { return }
                self.reader = nil
                body(.timedOut)
            }
        }
        if !inbox.isEmpty || !isOpen { world.after(0, process) { self.offer() } }
    }

    private func offer() {
        guard let (_, body) = reader else { return }
        if !inbox.isEmpty && !isClosed {
            reader = nil
            let letter = inbox.removeFirst()
            bytesReceived += letter.byteCount
            heardAt = world.nanoseconds
            world.note(.delivered, number, UInt64(letter.message.kind.rawValue))
            body(.letter(letter))
        } else if !isOpen {
            reader = nil
            body(.closed)
        }
    }

    /// Ends the connection. What is on its way to the other side may be lost with it.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        inbox = []
        world.note(.closed, number)
        if !isEnded {
            let isLost = network.losesOnClose()
            carry(payload: 0) { [weak other] in
                if isLost { other?.inbox = [] }
                other?.end()
            }
        }
        settle()
    }

    /// The other side is gone.
    func end() {
        guard !isEnded else { return }
        isEnded = true
        settle()
    }

    /// Its process is dead: nobody waits any more.
    func abandon() { (reader, untaken, inbox) = (nil, [], []) }

    private func settle() {
        let waiting = untaken
        untaken = []
        world.after(0, process) {
            for item in waiting { item.body() }
            self.offer()
        }
    }
}
