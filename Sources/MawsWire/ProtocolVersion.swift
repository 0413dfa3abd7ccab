/// Version of the wire protocol. A peer that greets with another one is refused.
public enum ProtocolVersion {
    public static let current: UInt32 = 4
}
