import MawsWire

/// A message on its way, with what stands for its payload.
struct Letter {
    /// What any message takes.
    static let headerBytes = 64

    var message: Message
    var cells: [Cell]
    var payloadCount: Int

    init(_ message: Message, _ cells: [Cell] = [], payloadCount: Int = 0) {
        (self.message, self.cells, self.payloadCount) = (message, cells, payloadCount)
    }

    var byteCount: UInt64 { UInt64(Self.headerBytes + payloadCount) }
}

/// What comes of waiting for a letter.
enum Received {
    case letter(Letter)
    case timedOut
    case closed
}
