import ArgumentParser
import MawsBase
import MawsProcess
import MawsTransport

/// `maws-coord certs --output DIR --cluster NAME`
struct Certs: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make the certificates of a cluster, or one more for a machine of its own.",
        discussion: """
            --cluster makes an authority and one certificate for each role; ca.key signs new certificates and stays \
            with you. --from makes a folder for one more machine, which takes it as its --certificates: its name then \
            stands in the logs wherever the machine is spoken of.
            """)

    @Option(
        help: """
            Folder to make; it must not exist or be empty (default: certificates, and with --from the name of the new \
            certificate).
            """)
    var output: String?

    @Option(help: "Name of the new cluster.")
    var cluster: String?

    @Option(help: "Folder of an existing authority: makes one more certificate instead of a cluster.")
    var from: String?

    @Option(help: "With --from: role of the new certificate: coordinator, server, trainer or viewer.")
    var role: Role?

    @Option(help: "With --from: name of the new certificate, that of its machine for instance.")
    var name: String?

    @Option(
        parsing: .unconditional,
        help: "Days until the certificates of processes expire; an authority lives for ten years.")
    var days = CertificateAuthority.leafDays

    func validate() throws {
        guard (1...36500).contains(days) else { throw ValidationError("--days is \(days), not between 1 and 36500.") }
        let makesOne = from != nil && role != nil && name != nil && cluster == nil
        let makesCluster = cluster != nil && from == nil && role == nil && name == nil
        guard makesOne || makesCluster else {
            throw ValidationError("Give --cluster, or else --from with --role and --name.")
        }
    }

    func run() throws {
        if let cluster {
            let output = output ?? "certificates"
            try CertificateAuthority.make(folder: output, cluster: cluster, validDays: days)
            Console.say("Made the authority of cluster \(cluster) and a certificate for each role in \(output).")
        } else if let from, let role, let name {
            let output = output ?? name
            try CertificateAuthority.issue(from: from, role: role, name: name, into: output, validDays: days)
            Console.say(
                "Made the \(role.rawValue) certificate \(name) in \(output); copy the folder to its machine, whose "
                    + "--certificates it is.")
        }
    }
}

extension Role: ExpressibleByArgument {}
