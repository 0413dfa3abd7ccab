/// Version of the wire protocol. A peer that greets with another one is refused.
package enum ProtocolVersion {
    package static let current: UInt32 = 6
}
