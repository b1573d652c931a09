using FedPlatform.Datasets;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace FedPlatform.Learning.Models;

/// <summary>
/// The small CNN of federated papers: 5×5×32, pool, 5×5×64, pool, a layer of d = 128 features; no BatchNorm.
/// With a classifier of ten classes 454,922 parameters on 28×28×1 images.
/// </summary>
public sealed class SmallCnn : Backbone
{
    private const int First = 32, Second = 64, Kernel = 5;
    private static readonly long[] Stride = [1, 1], Padding = [Kernel / 2, Kernel / 2], Dilation = [1, 1];
    private readonly int w1, b1, w2, b2, w3, b3, flat;

    public SmallCnn(ImageShape shape)
        : base(shape, 128)
    {
        flat = Second * (shape.Height / 4) * (shape.Width / 4);
        int fan1 = shape.Channels * Kernel * Kernel, fan2 = First * Kernel * Kernel;
        (w1, b1) = (Parameter("conv1.weight", Init.Uniform, fan1, First, shape.Channels, Kernel, Kernel), Parameter("conv1.bias", Init.Uniform, fan1, First));
        (w2, b2) = (Parameter("conv2.weight", Init.Uniform, fan2, Second, First, Kernel, Kernel), Parameter("conv2.bias", Init.Uniform, fan2, Second));
        (w3, b3) = (Parameter("features.weight", Init.Uniform, flat, FeatureDimension, flat), Parameter("features.bias", Init.Uniform, flat, FeatureDimension));
    }

    public override Tensor Forward(BackboneState state, Tensor x, bool train)
    {
        Tensor[] p = state.Parameters;

        // max(relu(x)) = relu(max(x)): pooling first leaves the ReLU a quarter of the pixels.
        Tensor y = F.conv2d(x, p[w1], p[b1], Stride, Padding, Dilation, 1);
        y = F.relu(F.max_pool2d(y, 2), inplace: true);
        y = F.conv2d(y, p[w2], p[b2], Stride, Padding, Dilation, 1);
        y = F.relu(F.max_pool2d(y, 2), inplace: true);

        // [B,64,h/4,w/4] → [B, h/4·w/4·64]: in memory order, without a copy.
        return F.relu(F.linear(y.permute(0, 2, 3, 1).reshape(-1, flat), p[w3], p[b3]), inplace: true);
    }
}
