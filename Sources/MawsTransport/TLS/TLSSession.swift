import COpenSSL
import Glibc
import Synchronization

/// One connection's TLS state. It reads from the socket itself and leaves what is to be sent in a buffer.
///
/// OpenSSL's objects are not thread-safe: every call is made under one lock, and nobody waits for the network inside
/// it. Reads come from one thread at a time; so do `seal` and `takeOutput`, which the connection guards with its send
/// lock.
final class TLSSession: @unchecked Sendable {
    enum Progress {
        case done(Int)
        case needsData
        case closed
        case failed(TLSFailure)
    }

    private let ssl: OpaquePointer
    private let output = RecordBuffer()
    private let verification = VerificationNote()
    private let identity: TLSIdentity
    private let lock = Mutex(State())

    private struct State {
        var recordsSealed: UInt64 = 0
        /// What ended the session. OpenSSL tells it once; every later call, by either thread, gets it from here.
        var failure: TLSFailure?
    }

    /// Plaintext in one record at most.
    private static let recordCount = 16 << 10
    /// Work done under one hold of the lock: long enough to batch, short enough for the other direction.
    static let batchCount = 256 << 10

    init(identity: TLSIdentity, descriptor: Int32, isServer: Bool) {
        guard let ssl = SSL_new(identity.context.pointer), let input = BIO_new_socket(descriptor, BIO_NOCLOSE) else {
            preconditionFailure("OpenSSL has no memory left")
        }
        self.ssl = ssl
        self.identity = identity
        SSL_set_bio(ssl, input, output.makeBIO())
        SSL_set_ex_data(ssl, 0, Unmanaged.passUnretained(verification).toOpaque())
        if isServer { SSL_set_accept_state(ssl) } else { SSL_set_connect_state(ssl) }
    }

    deinit { SSL_free(ssl) }

    func handshake() -> Progress {
        lock.withLock { state in
            clearErrors()
            let result = SSL_do_handshake(ssl)
            return result == 1 ? .done(0) : progress(after: result, &state)
        }
    }

    /// The subject of the peer's certificate; nil when it presented none.
    func peerSubject() -> CertificateSubject? {
        lock.withLock { _ in SSL_get0_peer_certificate(ssl).map(CertificateSubject.init) }
    }

    /// Decrypts into `destination` until it is full, or nothing more is there, or others deserve the lock.
    func read(into destination: UnsafeMutableRawBufferPointer) -> Progress {
        lock.withLock { state in
            var filled = 0
            let wanted = min(destination.count, Self.batchCount)
            while filled < wanted {
                clearErrors()
                var count = 0
                let result = SSL_read_ex(ssl, destination.baseAddress! + filled, wanted - filled, &count)
                guard result == 1 else {
                    let progress = progress(after: result, &state)
                    return filled > 0 ? .done(filled) : progress
                }
                filled += count
            }
            return .done(filled)
        }
    }

    /// Encrypts the start of `bytes` into the output; returns how many were taken.
    func seal(_ bytes: UnsafeRawBufferPointer) -> Progress {
        lock.withLock { state in
            if let failure = state.failure { return .failed(failure) }
            var sealed = 0
            while sealed < bytes.count && output.count < Self.batchCount {
                clearErrors()
                state.recordsSealed += 1
                if state.recordsSealed.isMultiple(of: identity.recordsPerKey) {
                    SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED)
                }
                var count = 0
                let length = min(Self.recordCount, bytes.count - sealed)
                let result = SSL_write_ex(ssl, bytes.baseAddress! + sealed, length, &count)
                guard result == 1 else { return progress(after: result, &state) }
                sealed += count
            }
            return .done(sealed)
        }
    }

    var hasFullBatch: Bool { lock.withLock { _ in output.count >= Self.batchCount } }

    /// Encrypted bytes to send now; valid until the next call.
    func takeOutput() -> UnsafeRawBufferPointer { lock.withLock { _ in output.take() } }

    /// Puts the note that nothing more will be sent into the output.
    func sealEnd() {
        lock.withLock { _ in
            clearErrors()
            if SSL_is_init_finished(ssl) == 1 { SSL_shutdown(ssl) }
        }
    }

    /// Why the peer ended the connection, when its alert is there to be read; takes no data away from the reader.
    func pendingFailure() -> TLSFailure? {
        lock.withLock { state in
            clearErrors()
            var byte: UInt8 = 0
            var count = 0
            let result = SSL_peek_ex(ssl, &byte, 1, &count)
            guard result != 1, case .failed(let failure) = progress(after: result, &state) else { return nil }
            return failure
        }
    }

    private func clearErrors() {
        ERR_clear_error()
        errno = 0
    }

    /// Only right after the call that returned `result`.
    private func progress(after result: Int32, _ state: inout State) -> Progress {
        let systemError = errno
        if let failure = state.failure { return .failed(failure) }
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .needsData
        case SSL_ERROR_ZERO_RETURN: return .closed
        case SSL_ERROR_SYSCALL: return systemError == 0 ? .closed : .failed(.system(systemError))
        default: return libraryFailure(&state)
        }
    }

    private func libraryFailure(_ state: inout State) -> Progress {
        let code = ERR_peek_error()
        let reason = Int32(truncatingIfNeeded: code & 0x7F_FFFF)
        // The peer's process died, or its machine cut the connection, without TLS's own goodbye.
        if reason == SSL_R_UNEXPECTED_EOF_WHILE_READING { return .closed }
        let text = ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(code)"
        let failure = TLSFailure.library(reason: reason, text: text, rejected: verification.rejected)
        state.failure = failure
        return .failed(failure)
    }
}
