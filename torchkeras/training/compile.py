"""Stand-in while the real containers are being written: replace this file whole."""

import torch
from torchkeras import losses, metrics as M
class CompileLoss:
    metrics=[]
    def __init__(self, loss, loss_weights=None, output_names=None):
        l=losses.get(loss); self.l=l if isinstance(l,losses.Loss) else losses.base.FunctionLoss(l)
    def check_targets(self,y,s): pass
    def __call__(self,y,p,sw=None): return self.l(y,p,sw)
class CompileMetrics:
    name='compile_metrics'
    def __init__(self, metrics, weighted_metrics=None, output_names=None): self.given=metrics; self.ms=None
    def update_state(self,y,p,sw):
        if self.ms is None:
            self.ms=[]
            for g in self.given:
                if g=='accuracy':
                    if p.shape[-1]==1: m=M.BinaryAccuracy(name=g)
                    elif y.ndim<p.ndim: m=M.SparseCategoricalAccuracy(name=g)
                    else: m=M.CategoricalAccuracy(name=g)
                else: m=M.get(g)
                self.ms.append(m)
        for m in self.ms: m.update_state(y,p)
    def result(self): return {m.name:m.result() for m in self.ms or []}
    def reset_state(self):
        for m in self.ms or []: m.reset_state()
    @property
    def variables(self): return []
