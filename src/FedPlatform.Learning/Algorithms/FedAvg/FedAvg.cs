using TorchSharp;
using static TorchSharp.torch;

namespace FedPlatform.Learning.Algorithms.FedAvg;

/// <summary>
/// Federated averaging (McMahan et al. 2017): every client trains backbone and classifier by cross-entropy, the server takes the
/// mean weighted by n_k. There is nothing personal: PM is the global model on each client's own test set.
/// </summary>
public sealed class FedAvg : FederatedAlgorithm
{
    private static readonly HeadSpec[] ClassifierOnly = [new("classifier", HeadRole.Shared, DrivesBackbone: true)];
    private static readonly string[] Variants = ["global"];

    public override string Name => "fedavg";

    public override IReadOnlyList<HeadSpec> Heads => ClassifierOnly;

    public override IReadOnlyList<string> PersonalVariants => Variants;

    public override string PersonalVariant => "global";

    public override GenericHeads Generic(Tensor shared, Tensor frozen) => new(shared[0], shared[0], null);

    /// <summary>[1,C,d+1] → [n,C,d+1]: the same head for all.</summary>
    public override IReadOnlyList<Tensor> Personal(Tensor shared, Tensor privates, int clients) => [shared[0].unsqueeze(0).expand(clients, -1, -1)];
}
